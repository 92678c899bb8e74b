var oe=(t,e)=>t.addEventListener("abort",e);function Ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function fe(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var _e=t=>t!=="rest"&&t!=="stopped";function ie(t,e,r){return Math.max(e,Math.min(r,t))}function he(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function $e(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(a,l)=>{let u=(l-o)/t;return Math.sign(u)*Math.abs(u)**n*r})}var Me=8191;function Oe(t,e,r,n="smooth"){let{signed:o,gamma:a}=t,[l,u]=t.shape,d=t.peak||0,i=he(t.data),c=$e(o?127:255,o,d,a),f=Te(i,c),b={width:e,height:r,signed:o,nativeValues:c,nativeCounts:f};if(u===e&&l===r)return{...b,index:i,values:c,counts:f};let g=Float32Array.from(i,p=>c[p]),A=$e(Me,o,d,2),K=o?Me:0,$=ht(g,l,u,r,e,n),m=new Uint16Array($.length);for(let p=0;p<$.length;p++){let x=$[p]/(d||1);m[p]=K+Math.round(Math.sign(x)*Math.sqrt(Math.abs(x))*Me)}return{...b,index:m,values:A,counts:Te(m,A)}}function Te(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function ht(t,e,r,n,o,a){if(a==="cells"){let d=new Float32Array(n*o);for(let i=0;i<d.length;i++){let[c,f]=[Math.floor(i/o)+.5,i%o+.5];d[i]=t[Math.floor(c*(e/n))*r+Math.floor(f*(r/o))]}return d}let l=n>e?Pe:Ue;return(o>r?Pe:Ue)(l(t,r,e,n,r),n,r,o,1)}function Pe(t,e,r,n,o){let a=new Float32Array(e*n),l=o===1,[u,d]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let i of t)u=Math.min(u,i),d=Math.max(d,i);for(let i=0;i<n;i++){let c=ie((i+.5)*(r/n)-.5,0,r-1),f=Math.floor(c),b=c-f,[g,A,K,$]=[-1,0,1,2].map(y=>ie(f+y,0,r-1)*o),m=((2-b)*b-1)*b/2,p=((3*b-5)*b*b+2)/2,x=((4-3*b)*b+1)*b/2,E=(b-1)*b*b/2;for(let y=0;y<e;y++){let w=l?y*r:y,M=m*t[w+g]+p*t[w+A]+x*t[w+K]+E*t[w+$];a[l?y*n+i:i*o+y]=Math.max(u,Math.min(d,M))}}return a}function Ue(t,e,r,n,o){let a=new Float32Array(e*n),l=o===1;for(let u=0;u<n;u++){let d=Math.max(0,(u+.5)*r/n-.5),i=Math.min(Math.floor(d),r-1),c=Math.min(i+1,r-1),f=d-i;for(let b=0;b<e;b++){let g=l?b*r:b,A=t[g+i*o],K=t[g+c*o];a[l?b*n+u:u*o+b]=(1-f)*A+f*K}}return a}function s(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&Q(o,{type:"button"}),o.className=n.map(a=>`xw-${a}`).join(" ");for(let a of e)typeof a=="string"||a instanceof Node?o.append(a):Q(o,a);return o}function Q(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function te(t,e){t.hidden=!e,W(t,e)}function _(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var ne=t=>t.preventDefault(),Re=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function Qe(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return Q(n,e),n.append(...r),n}function Fe(t,e="",r="0 0 16 16"){return Qe("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},Qe("path",{d:t}))}function gt(t){let e=new AbortController;return oe(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function ce(t,e,r){let n=[...e.children],o=gt(t),a,l=[];return(u,d=u)=>{if(d===a)return l;a=d;let i=o(),c=u.map((f,b)=>r(f,b,i));return l=c.map(([,f])=>f),e.replaceChildren(...n,...c.flatMap(([f])=>f)),l}}function Be(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var ge=()=>`xw-${Math.random().toString(36).slice(2)}`;function ue(t,e,r,n,o){let a=ge(),l=n.map(([c,,f])=>s("input",{type:"radio",name:a,value:c,$label:f})),u=n.map(([,c],f)=>s("label.segment",{_text:c},l[f],c)),d=s(".segments",{role:"radiogroup",$label:e,_control:r});return d.append(...u),_(t,d,"change",({target:c})=>o(c.value)),_(t,d,"dblclick",()=>o(n[0][0])),[d,(c,f=null)=>{for(let[b,[g,,A]]of n.entries())Q(u[b],{title:f??A}),Q(l[b],{disabled:!!f}),l[b].checked=g===c}]}var we=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var Ve=we.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),De=new Map;function He(t){let e=De.get(t);if(e)return e;let[,,r,n,o]=we.find(([l])=>l===t)??we[0],a=wt(n,o,r);return De.set(t,a),a}function wt(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(a,l)=>{let u=t.charCodeAt(12+(l>>2))||75;return Math.floor((u-35)/3**(l&3))%3-1});for(let a=0;a<e.length;a+=2)o[e[a]]+=e[a+1];for(let a=0;a<3;a++){let l=+`0x${t.slice(4*a,4*a+2)}`,u=+`0x${t.slice(4*a+2,4*a+4)}`-128;for(let d=r;d<256;d++)n[3*d+a]=l,l+=u,u+=o[256*a+d-r]}return r&&n.copyWithin(0,3,6),n}function Je(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return Ve.find(n=>n.name===r)??Ve[0]}var xt=.5;function je(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function qe(t,e,r){return We(t,e,r,!0)}function ze(t,e,r){let n=We(t,xt,r,!1);return n<e?n:0}function We({nativeValues:t,nativeCounts:e},r,n,o){let a=Array.from(t,(b,g)=>[Math.abs(je(b,n)),e[g]]).sort(([b],[g])=>b-g),l=e.reduce((b,g)=>b+g),u=b=>{let g=b;for(let[A,K]of a)if(g-=K,g<0)return A;return 0},d=(l-1)*r/100,i=Math.floor(d),c=u(i);return c+(d-i)*(u(Math.min(i+1,l-1))-c)||(o?u(l-1):0)}function yt(t,e,r){return e<=0?0:ie(je(t,r)/e,-1,1)}function vt(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function At(t){return t*t*(3-2*t)}function Ze(t,e){let{most:r,foot:n=0,threshold:o,sign:a,lut:l,diverging:u,opaque:d}=e,i=r>0?n/r:0,c=new Uint8ClampedArray(4*t.length);for(let f=0;f<t.length;f++){let b=yt(t[f],r,a);Math.abs(b)<o&&(b=0);let g=3*vt(b,u);c[4*f]=l[g],c[4*f+1]=l[g+1],c[4*f+2]=l[g+2],c[4*f+3]=d?255:Math.floor(255*At(ie((Math.abs(b)-i)/(1-i),0,1))+.5)}return new Uint32Array(c.buffer)}function Ge(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}var xe;function ke(t,e,r,n){let{width:o,height:a}=t,l=t.getContext("2d");if(!l)return;let u=Math.min(o/e.width,a/e.height),[d,i]=[Math.round(e.width*u),Math.round(e.height*u)],[c,f]=[o-d>>1,a-i>>1];if(l.globalAlpha=1,l.globalCompositeOperation="source-over",l.clearRect(0,0,o,a),l.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,l.drawImage(e,c,f,d,i),!r?.peak||!d||!i)return;xe??=new OffscreenCanvas(1,1),Object.assign(xe,{width:d,height:i});let b=new ImageData(d,i),g=Oe(r,d,i),{clip:A,sign:K,threshold:$,opacity:m,blend:p}=n,{name:x,diverging:E}=Je(n.colormap,r.signed),y=qe(g,A,K),w=ze(g,y,K),M={most:y,foot:w,threshold:$,sign:K,lut:He(x),diverging:E,opaque:!1};Ge(new Uint32Array(b.data.buffer),g.index,Ze(g.values,M)),xe.getContext("2d").putImageData(b,0,0),l.globalAlpha=m,l.globalCompositeOperation=p==="normal"?"source-over":p,l.drawImage(xe,c,f),l.globalAlpha=1,l.globalCompositeOperation="source-over"}var Ye=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],Kt=288;function Xe(t,e,r){let n=s("canvas.photo",{role:"img"}),o=s(".placebox",{hidden:!0}),a=s(".photobox",n,o),[l,u]=[s("p.facts.key"),s("p.facts")],d=s(".bars"),i=s(".near"),c=s("section.part",s("h3","Looks most like"),i),f=s(".verdicts"),b=s("button.link",{_control:"undo"},"Undo"),g=s("span"),A=s("section.part",s("h3.split","What is it?",g),f,b),K=Ye.map(([h,L])=>s("button.wide",{_control:`open-${h}`},L)),$=s("button.wide",{_control:"cover"}),m=s("p.tried"),p=s("section.part.test",s("p",s("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),$,m),x=s("section.part",...K),E=s("p.nothing","Choose a picture: click one, or walk with the arrow keys."),y="prediction",w,M=-1,O,Y=[1,1],[ee,X]=ue(t,"Map for","map-of",[["prediction","answer"],["label","label"]],h=>{y=h,B()}),re=s(".chosen",a,ee,l,u,d,c,A,p,x),se=s(".one",E,re);_(t,b,"click",e.undo),K.forEach((h,L)=>{_(t,h,"click",()=>r.open(Ye[L][0]))}),_(t,$,"click",()=>{w&&e.cover([...e.rows],w)});let Z,v=({clientX:h,clientY:L})=>{let{left:F,top:k,width:I,height:H}=n.getBoundingClientRect(),J=G=>Math.max(0,Math.min(1,G));return[J((h-F)/I),J((L-k)/H)]};_(t,n,"pointerdown",h=>{e.frozen||!e.head?.able||(Z=v(h),n.setPointerCapture(h.pointerId),ne(h))}),_(t,n,"pointermove",h=>{if(!Z)return;let L=v(h),[F,k]=[Math.min(Z[0],L[0]),Math.min(Z[1],L[1])];w=[F,k,Math.abs(L[0]-Z[0]),Math.abs(L[1]-Z[1])],N()}),_(t,n,"pointerup pointercancel",()=>{Z=void 0,w&&w[2]*w[3]<2e-4&&(w=void 0),N()});function N(){let h=w??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!h,h){let[F,k,I,H]=h.map(J=>`${100*J}%`);o.style.cssText=`left:${F};top:${k};width:${I};height:${H}`}w??=h?[...h]:void 0;let L=e.rows.length;W($,w?`Cover it in these ${L.toLocaleString("en")} pictures`:"Draw a box on the picture"),$.disabled=!w||!!e.experiment?.busy||!L}let S=ce(t,f,(h,L,F)=>{let k=s("button.verdict",{$pressed:"false"},s("span.keycap",String(L+1)),h);return _(F,k,"click",()=>r.decide(h)),[k,()=>Q(k,{$pressed:String(e.table?.word("verdict",M)===h)})]}),T=ce(t,d,([h,L,F])=>{let k=s("span.class",h,F&&s("span.note",` ${F}`));return k.style.backgroundSize=`${100*L}% 100%`,[s(".bar",{_kind:F},k,s("span.chance",fe(L))),()=>{}]}),P=ce(t,i,(h,L,F)=>{let k=s("canvas",{$hidden:"true"}),I=s("button.mini",k);_(F,I,"click",()=>r.choose(h));let H=!1;return[I,()=>{let{table:J}=e,G=J?.word("prediction",h)??"",j=J?.word("label",h)??"",ae=j&&j!==G?`${G}, labelled ${j}`:G;Q(I,{title:ae,$label:ae,_wrong:!!(j&&j!==G)});let me=e.pictures.bitmap(h);!me||H||(H=!0,Object.assign(k,{width:112,height:112}),ke(k,me,void 0,e.looks))}]});async function R(h,L){try{let F=await createImageBitmap(new Blob([he(L.data)],{type:L.mime}));O?.bitmap.close(),O={row:h,picture:L,bitmap:F},h===M&&C()}catch(F){console.warn(F)}}function C(){let h=O?.row===M?O.bitmap:e.pictures.bitmap(M);if(!h)return;let L=Math.min(devicePixelRatio||1,2),F=Kt*L/Math.max(h.width,h.height),k=[Math.round(h.width*F),Math.round(h.height*F)];(n.width!==k[0]||n.height!==k[1])&&Object.assign(n,{width:k[0],height:k[1]}),Y=k,a.style.setProperty("--xw-aspect",String(Y[0]/Y[1])),ke(n,h,e.looks.maps?U():void 0,e.looks),Q(n,{_sharp:O?.row===M,_row:M})}function U(){if(y==="prediction"||D())return e.pictures.sprite(M)?.map;let h=e.labelMap(M);return typeof h=="string"?void 0:h}let D=()=>{let{table:h}=e,L=h?.word("label",M);return!L||L===h?.word("prediction",M)};function B(){let{table:h,frozen:L,head:F,looks:k}=e,I=k.row??-1,H=!!(h&&I>=0&&I<h.count);if(E.hidden=H,re.hidden=!H,!h||!H)return;I!==M&&(M=I,w=void 0,e.lookAt(I));let J=e.detail(I);J?.picture&&O?.picture!==J.picture&&R(I,J.picture);let[G,j]=[h.word("prediction",I),h.word("label",I)],ae=h.number("probability",I);ee.hidden=D()||L&&e.labelMap(I)===void 0,y==="label"&&!ee.hidden&&e.askLabelMap(I),X(y),C(),N(),W(l,[h.word("key",I),`row ${I.toLocaleString("en")}`,...V(I)].filter(Boolean).join(" · "));let me=y==="label"&&typeof e.labelMap(I)=="string"?String(e.labelMap(I)):"";te(u,[J?.words,me].filter(Boolean).join(" "));let le=!!h.correct[I],pe=(J?.top??[]).map(({name:z,probability:Le,index:bt})=>[z,Le,ft(z,bt)]),ve=Math.exp(-h.number("loss",I)),Ae=[];G&&!Number.isNaN(ae)&&Ae.push([G,ae,le?"right":j?"wrong":""]),j&&!le&&!Number.isNaN(ve)&&Ae.push([j,ve,"label"]),pe.length&&j&&!le&&!pe.some(([z])=>z===j)&&pe.push([j,ve,"label"]);function ft(z,Le){return z===j?le?"right":"label":z===G&&j&&!le?"wrong":""}let Ie=pe.length?pe:Ae;for(let z of T(Ie,JSON.stringify(Ie)))z();let be=e.nearest(I);c.hidden=!be.length,e.wantAlso(be);for(let z of P(be,be.join()))z();let Ne=r.subjects();W(g,Ne.length>1?`${Ne.length.toLocaleString("en")} chosen`:""),A.hidden=L&&!h.word("verdict",I),b.hidden=L;for(let z of S(e.verdict_words))z();for(let z of f.querySelectorAll("button"))z.disabled=L;p.hidden=x.hidden=L||!F?.able;let{experiment:Ke}=e;Q(m,{_survives:Ke?.survives}),te(m,Ke?.busy?"Covering …":Ke?.words??"");let mt=_e(e.state())&&["gone","silent"].includes(e.state());for(let z of K)z.disabled=mt;Q(n,{$label:`${h.word("key",I)}: ${G} ${Number.isNaN(ae)?"":fe(ae)}${j&&!le?`, labelled ${j}`:""}`})}function V(h){let{table:L,head:F}=e,k=(F?.metadata??[]).slice(0,6).map(H=>{let J=L.word(H,h);return J&&`${H} ${J}`}),I=L.number("loss",h);return[...k,Number.isNaN(I)?"":`loss ${Ce(I).replace("+","")}`]}return{part:[se,B],paint:()=>{C();for(let h of P(e.nearest(M),e.nearest(M).join()))h()}}}var de=65535;function et(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,a=t.classes.length;for(let l=0;l<t.count;l++){if(e&&!e[l]||r[l]===de||n[l]===de)continue;let u=r[l]*a+n[l];o.set(u,(o.get(u)??0)+1)}return o}function tt(t,e){let r=new Map;for(let[n,o]of t){let a=Math.floor(n/e);r.set(a,(r.get(a)??0)+o)}return[...t].map(([n,o])=>{let a=Math.floor(n/e);return{label:a,prediction:n%e,count:o,share:o/r.get(a)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function nt(t,e,r,n){let o=[],a=n.length/2;for(let l=0;l<t.length;l++){if(!r[l]||Number.isNaN(t[l]))continue;let[u,d]=[t[l],e[l]],i=!1;for(let c=0,f=a-1;c<a;f=c++){let[b,g]=[n[2*c],n[2*c+1]],[A,K]=[n[2*f],n[2*f+1]];g>d!=K>d&&u<(A-b)*(d-g)/(K-g)+b&&(i=!i)}i&&o.push(l)}return o}var ye=25,Ee=40;function rt(t,e,r){let n=e.length,o=Math.min(r,n),a=[],l=0;for(let i=0;i<o;i++){let c=Math.floor(n/o)+ +(i<n%o);a.push(e.slice(l,l+c)),l+=c}let u=new Map(a.flatMap((i,c)=>i.map(f=>[f,c]))),d=a.map(()=>new Array(o).fill(0));for(let[i,c]of t)d[u.get(Math.floor(i/n))][u.get(i%n)]+=c;return{counts:d,bundles:a}}function ot(t,e,r){let n=s("table.matrix",{_control:"confusion"}),o=s(".pairs"),[a,l]=[s("p.facts"),s("p.facts")],u=s(".matrixbox",n),d=s(".confusion",a,u,s("h3","Taken for another"),o,l),i="",c=ce(t,o,({label:g,prediction:A,count:K,share:$},m,p)=>{let{classes:x}=e.table,E=s("button.set.pair",s("span.title",`${x[g]} → ${x[A]}`)),y=s("canvas.sharebar",{$hidden:"true"});return Be(y,1,()=>[0,0,0,0]),E.append(s("span.figure",K.toLocaleString("en")),s("span.note",`${fe($,0)} of them`)),_(p,E,"click",()=>r.show({label:[g],prediction:[A]},"")),[E,()=>{}]});function f(){let{table:g}=e;if(!g)return;let A=g.classes.length,K=A>ye;K&&g.done+g.failed===g.count&&e.read("order");let $=`${g.answered} ${e.order?.length}`;if($===i)return;i=$;let m=et(g),p=tt(m,A),x=p.reduce((M,{count:O})=>M+O,0),E=e.order?[...e.order]:g.classes.map((M,O)=>O),y=`${x.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(a,K?`${y} ${A.toLocaleString("en")} classes in ${Math.min(ye,A)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${y} Labels down, answers across; a cell, a row or a column shows its pictures.`),K?b(rt(m,E,ye),g.classes,!0):b(rt(m,g.classes.map((M,O)=>O),ye),g.classes,!1),c(p.slice(0,Ee));let w=p.slice(Ee).reduce((M,{count:O})=>M+O,0);W(l,w?`and ${w.toLocaleString("en")} in ${(p.length-Ee).toLocaleString("en")} other confusions`:"")}function b({counts:g,bundles:A},K,$){let m=g.map(w=>w.reduce((M,O)=>M+O,0)),p=w=>w.length>1?`${K[w[0]]} and ${w.length-1} more`:K[w[0]],x=(w,M)=>(_(t,w,"click",()=>r.show(M,"")),w),E=A.map(w=>s("th",{scope:"col"},x(s("button.turned",{title:`answers: ${p(w)}`},$?"":p(w)),{prediction:w}))),y=g.map((w,M)=>{let O=A[M],Y=x(s("button.side",{title:`labels: ${p(O)}`},p(O)),{label:O}),ee=w.map((X,re)=>{let se=m[M]?X/m[M]:0,Z=M===re,v=`${p(O)}, answered ${p(A[re])}: ${X}`,N=s("button.cell",{title:v,$label:v,disabled:!X},$||!X?"":String(X));N.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(se))}%`),Q(N,{_right:Z,_strong:se>.45});let S={label:O,prediction:A[re]};return s("td",x(N,$&&Z?{...S,correct:!1}:S))});return s("tr",s("th",{scope:"row"},Y),...ee)});n.replaceChildren(s("tr",s("td"),...E),...y),Q(n,{_many:$}),n.style.setProperty("--xw-n",String(A.length))}return[d,f]}function it(t,e,r){let n=s("button.link.back",{_control:"back"},"← Back to the pictures"),o=s("span.facts"),[a,l]=ue(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],A=>r.open(A)),u=s("p.nothing",{hidden:!0}),d=s(".place"),i=s(".inplace",{hidden:!0},s(".tools2",n,o,s("span.spring"),a),u,d),c;_(t,n,"click",g),t.addEventListener("abort",()=>c?.());function f(A,K){i.hidden=!1,l(A),W(o,K),te(u,"Opening …"),c?.(),c=void 0,d.replaceChildren(),n.focus({preventScroll:!0})}async function b(A){if(!i.hidden){if(A.words)return te(u,A.words);try{let K=await e.widget_manager.get_model(A.model),$=new Blob([String(K.get("_esm"))],{type:"text/javascript"}),m=URL.createObjectURL($),p=(await import(m)).default;URL.revokeObjectURL(m);let x=s("");d.replaceChildren(x);let E=x.attachShadow({mode:"open"}),y=document.createElement("style");y.textContent=String(K.get("_css"));let w=document.createElement("div");E.append(y,w);let M=new AbortController;p.render({model:K,el:w,signal:M.signal}),c=()=>M.abort(),te(u,"")}catch(K){te(u,`This host cannot show a viewer in place (${K}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function g(){i.hidden||(c?.(),c=void 0,d.replaceChildren(),i.hidden=!0,r.closed())}return{element:i,wait:f,take:b,close:g,isOpen:()=>!i.hidden}}var st=380;function at(t,e,r,n,o,a=r){let l=ge(),u=s(".popup",{role:"listbox",id:l,$label:n,hidden:!0}),d=[],i=[],c=-1;e.append(u),oe(t,()=>u.remove()),Q(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:l}),_(t,u,"pointerdown mousedown",ne),_(t,r,"blur",f);function f(){u.hidden||(u.hidden=!0,Q(r,{$expanded:"false",$activedescendant:null}))}function b(m){!m||m.reason||(f(),o(m.value))}function g(m){d[c]?.removeAttribute("data-xw-active"),c=m;let p=d[m];if(Q(r,{$activedescendant:p?.id}),!p)return;Q(p,{_active:!0});let{offsetTop:x,offsetHeight:E}=p;u.scrollTop=ie(u.scrollTop,x+E-u.clientHeight+4,Math.max(0,x-28))}function A(m,p){for(let x=m;i[x];x+=p)if(!i[x]?.reason){g(x);break}}function K(m,p,x){let{value:E,reason:y,note:w,title:M,swatch:O}=m,Y=s("label.option",{id:`${l}-${p}`,role:"option",$selected:String(E===x),$disabled:y?"true":null,_value:E,title:M});return O&&Y.append(O()),Y.append(s("span.label",m.label),s("span.note",y??w??"")),_(t,Y,"click",()=>b(m)),Y}function $(){let m=u.offsetParent.getBoundingClientRect(),p=a.getBoundingClientRect(),x=m.bottom-p.bottom-12,E=p.top-m.top-12,y=x<Math.min(u.scrollHeight+2,st)&&E>x,w=m.width-16,M=Math.min(p.left-m.left-1,w+8-u.offsetWidth);u.style.cssText=`min-width:${Math.min(p.width,w)}px;left:${Math.max(8,M)}px;max-height:${ie(y?E:x,120,st)}px;${y?`bottom:${m.bottom-p.top+3}`:`top:${p.bottom-m.top+3}`}px`}return{isOpen:()=>!u.hidden,close:f,walk:A,open(m,p){i=m,c=-1,d=i.map((w,M)=>K(w,M,p)),u.replaceChildren();let x,E=u;i.forEach((w,M)=>{w.group&&w.group!==x&&(x=w.group,E=s("",{role:"group",$label:x},s(".group",x)),u.append(E)),E.append(d[M])}),u.hidden=!1,Q(r,{$expanded:"true"}),$();let y=i.findIndex(({value:w})=>w===p);y<0?A(0,1):g(y)},find(m){let p=i.length,x=Math.max(0,m.length>1?c:c+1);for(let E=0;E<p;E++){let{label:y,reason:w}=i[(x+E)%p];if(!(w||!y.toLowerCase().startsWith(m))){g((x+E)%p);break}}},key(m){let{key:p}=m;if(p==="ArrowDown")A(c+1,1);else if(p==="ArrowUp")A(c-1,-1);else if(p==="Enter")b(i[c]);else if(p==="Escape")f(),m.stopPropagation();else return!1;return ne(m),!0}}}var Mt=700;function lt(t,e,r,n,o,a,l){let[u,d]=[s("span.label"),s("span.note")],i=Fe("M4 6.5l4 4 4-4"),c=s(`button.field.picker.${o}`,{_control:n},u,d,i),f=at(t,e,c,r,a),b=[],g=[],A="",K="",$=0,m=()=>{c.focus(),g=typeof b=="function"?b():b,f.open(g,A)};return _(t,c,"click",()=>f.isOpen()?f.close():m()),l&&_(t,c,"dblclick",l),_(t,c,"keydown",p=>{let{key:x,timeStamp:E}=p,y=/^[^ ?]$/.test(x)&&!Re(p);if(f.isOpen()){if(f.key(p))return;if(x==="Home")f.walk(0,1);else if(x==="End")f.walk(g.length-1,-1);else if(!y)return}else if(y||x==="ArrowDown"||x==="ArrowUp")m();else return;ne(p),y&&(K=E-$>Mt?x:K+x,$=E,f.find(K.toLowerCase()))}),{element:c,show(p,x,E,y="",w=!1){b=p,A=x,W(u,E),Q(u,{title:E}),W(d,y),Q(d,{title:y||null}),Q(c,{disabled:w,$label:`${r}: ${E}${y&&`, ${y}`}`})}}}var ct=5e3,kt=["correct","label","prediction","loss","probability","slice"],Se=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function Et(t,e){return[ut(t),ut(e)]}function ut(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function dt(t,e,r,n){let o=s("canvas.cloud",{role:"img",_control:"similarity"}),a=s("canvas.cloud",{$hidden:"true"}),[l,u]=[s("p.facts"),s("p.legend2")],d=s(".hover2",{hidden:!0}),i=s(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,a,d),c="tsne",f="correct",[b,g]=ue(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],v=>{c=v,e.read(c),Z()}),A=lt(t,r,"Colour by","colour","prefixed.colour",v=>{f=v,Z()}),K=s("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");_(t,K,"click",()=>e.read("tsne",!0));let $=s(".similarity",s(".tools2",A.element,s("span.spring"),b),i,K,u,l),[m,p]=[new Float32Array,new Float32Array],x,E="",y=[],w=!1;function M(){let v=e.table,N=getComputedStyle(r),S=N.getPropertyValue("--xw-point")||"#4477aa",T=N.getPropertyValue("--xw-wrong-ink")||"#d9480f",P=N.getPropertyValue("--xw-faint")||"#bbb";if(f==="correct")return{of:C=>v.correct[C]?S:v.codes("label")[C]===de?P:T,keys:[["right",S],["wrong",T]]};if(f==="slice"){let C=e.set(e.looks.slice)?.mask,U=e.set(e.looks.slice)?.title??"no slice is shown";return{of:D=>C?.[D]?T:S,keys:[[U,T],["the others",S]]}}let R=v.columns.get(f);if(R?.kind==="number"){let[C,U]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let B of R.data)B<C&&(C=B),B>U&&Number.isFinite(B)&&(U=B);let D=B=>`hsl(${(250-215*B).toFixed(0)} 75% ${(45+8*B).toFixed(0)}%)`;return{of:B=>{let V=(R.data[B]-C)/(U-C||1);return Number.isNaN(V)?P:D(Math.round(12*Math.min(1,Math.sqrt(V)))/12)},keys:[[`${f} ${+C.toPrecision(2)}`,D(0)],[String(+U.toPrecision(3)),D(1)]]}}if(R?.kind==="code"){let C=new Map;for(let V of R.data)V!==de&&C.set(V,(C.get(V)??0)+1);let U=[...C].sort((V,q)=>q[1]-V[1]).slice(0,Se.length-1).map(([V])=>V),D=new Map(U.map((V,q)=>[V,Se[q]])),B=U.map((V,q)=>[R.values[V],Se[q]]);return C.size>U.length&&B.push(["others",P]),{of:V=>D.get(R.data[V])??P,keys:B}}return{of:()=>S,keys:[]}}function O(){let{clientWidth:v,clientHeight:N}=i,{table:S,mask:T,rows:P}=e;if(!S||!v||!x)return;let R=r.dataset.xwTheme,C=[v,N,c,f,S.version,P.length,e.looks.slice,R,x.length].join();if(C===E&&Y===P)return;Y=P,E=C;let U=Math.min(devicePixelRatio||1,2);for(let k of[o,a])Object.assign(k,{width:v*U,height:N*U});let D=o.getContext("2d"),{of:B,keys:V}=M(),q=P.length<S.done,h=U*(S.done>2e4?1.2:S.done>3e3?1.8:2.8),L=new Map,F=(k,I,H)=>{let J=L.get(k);J??=new Path2D,L.set(k,J);let[G,j]=[m[I]*o.width,p[I]*o.height];J.moveTo(G+H,j),J.arc(G,j,H,0,7)};for(let k=0;k<m.length;k++)Number.isNaN(m[k])||F(`${T[k]?"1":"0"}${B(k)}`,k,T[k]?h:.8*h);for(let k of["0","1"]){D.globalAlpha=k==="0"?q?.14:.6:S.done>2e4?.6:.85;for(let[I,H]of L)I[0]===k&&(D.fillStyle=I.slice(1),D.fill(H))}D.globalAlpha=1,u.replaceChildren(...V.map(([k,I])=>{let H=s("i.dot");return H.style.background=I,s("span",H,k)})),ee()}let Y;function ee(){let v=a.getContext("2d");v.clearRect(0,0,a.width,a.height);let N=e.looks.row??-1,S=a.width/(i.clientWidth||1);if(v.lineWidth=2*S,v.strokeStyle=getComputedStyle(r).color,N>=0&&!Number.isNaN(m[N]??Number.NaN)&&(v.beginPath(),v.arc(m[N]*a.width,p[N]*a.height,6*S,0,7),v.stroke()),!(y.length<4)){v.lineWidth=1.2*S,v.setLineDash([4*S,3*S]),v.beginPath();for(let T=0;T<y.length;T+=2)v.lineTo(y[T]*a.width,y[T+1]*a.height);v.closePath(),v.stroke(),v.setLineDash([])}}let X=({clientX:v,clientY:N})=>{let{left:S,top:T,width:P,height:R}=i.getBoundingClientRect();return[(v-S)/P,(N-T)/R]};function re(v,N){let[S,T]=[i.clientWidth,i.clientHeight],[P,R]=[-1,12**2],{mask:C}=e;for(let U=0;U<m.length;U++){let D=((m[U]-v)*S)**2+((p[U]-N)*T)**2;D<R&&C[U]&&([P,R]=[U,D])}return P}_(t,i,"pointerdown",v=>{v.button||(w=!0,y=X(v),i.setPointerCapture(v.pointerId))}),_(t,i,"pointermove",v=>{if(w){y.push(...X(v)),ee();return}let N=re(...X(v));if(d.hidden=N<0,N<0)return;let{table:S}=e,T=S.word("label",N),P=S.word("prediction",N);W(d,T&&T!==P?`${P}, labelled ${T}`:P),d.style.cssText=`left:${100*m[N]}%;top:${100*p[N]}%`,Q(d,{_late:m[N]>.6})}),_(t,i,"pointerleave",()=>{d.hidden=!0}),_(t,i,"pointerup pointercancel",v=>{if(!w)return;w=!1;let N=y;if(y=[],N.length<12){let S=re(...X(v));S>=0&&n.choose(S)}else{let S=nt(m,p,e.mask,N);S.length&&n.lasso(S),n.speak(`${S.length} pictures within the lasso`)}ee(),ne(v)}),_(t,i,"keydown",v=>{let[N,S]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[v.key]??[0,0];if(!N&&!S)return;let T=e.looks.row??e.rows[0]??-1,[P,R]=[-1,Number.POSITIVE_INFINITY];for(let C=0;C<m.length;C++){let[U,D]=[m[C]-m[T],p[C]-p[T]],B=U*N+D*S,V=Math.abs(U*S)+Math.abs(D*N);C===T||!e.mask[C]||B<=0||V>B||B+2*V<R&&([P,R]=[C,B+2*V])}P>=0&&n.choose(P),ne(v)});let se=new ResizeObserver(O);se.observe(i),oe(t,()=>se.disconnect());function Z(){let{table:v,frozen:N,head:S}=e;if(!v||e.looks.view!=="similarity")return;let T=v.done+v.failed===v.count;T&&e.read(v.count<=ct?"tsne":"pca");let P=["tsne","pca"].filter(q=>e.points(q));P.length&&!P.includes(c)&&(c=P[0]);let R=e.points(c);g(c,N?"not in this saved page":null),R&&R[0]!==x&&(x=R[0],[m,p]=Et(...R));let C=(S?.metadata??[]).filter(q=>v.columns.get(q)?.kind!=="text"),U=[...kt,...C].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));A.show(U,f,U.find(({value:q})=>q===f)?.label??f);let D=e.busy("tsne")||e.busy("pca");K.hidden=N||!T||v.count<=ct||e.known("tsne")||!!e.points("tsne"),K.disabled=e.busy("tsne"),i.hidden=!R;let B=T?"":"Similarity is worked out when all pictures are explained.";te(l,D?"Placing the pictures …":e.words(c)||(R?"Draw around points to keep them. What lies far apart says little.":B)),Q(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),O(),x&&ee()}return[$,Z]}var pt=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
.xw-dataset {
  /* The one that is chosen. */
  .xw-chosen {
    padding: 14px;
  }
  .xw-photobox {
    position: relative;
    overflow: hidden;
    border-radius: 6px;
    background: var(--xw-soft);
    line-height: 0;
  }
  .xw-photo {
    width: 100%;
    aspect-ratio: var(--xw-aspect, 1);
    cursor: crosshair;
    touch-action: pan-y;
  }
  .xw-placebox {
    position: absolute;
    border: 1.5px solid #fff;
    outline: 1.5px solid #000a;
    pointer-events: none;
  }
  .xw-chosen > .xw-segments {
    margin-top: 8px;
  }
  .xw-chosen > .xw-segments .xw-segment {
    flex: 1;
  }
  .xw-key {
    margin: 6px 0 8px;
    overflow-wrap: anywhere;
  }
  .xw-bar[data-xw-kind="wrong"] .xw-class {
    color: var(--xw-wrong-ink);
    font-weight: 600;
  }
  .xw-part {
    margin-top: 14px;
  }
  .xw-near {
    display: grid;
    grid-template-columns: repeat(6, 1fr);
    gap: 5px;
  }
  .xw-mini canvas {
    display: block;
    width: 100%;
    aspect-ratio: 1;
    border-radius: 4px;
    background: var(--xw-soft);
  }
  .xw-mini[data-xw-wrong] canvas {
    box-shadow: 0 0 0 1.5px var(--xw-wrong);
  }
  .xw-verdicts {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 6px;
  }
  .xw-verdict {
    display: flex;
    gap: 8px;
    min-height: 30px;
    padding: 4px 9px;
    border: 1px solid var(--xw-line);
    border-radius: 7px;
  }
  .xw-verdict:hover:enabled {
    background: var(--xw-soft);
  }
  .xw-verdict[aria-pressed="true"] {
    border-color: var(--xw-brand);
    background: var(--xw-tint);
  }
  .xw-keycap {
    color: var(--xw-muted);
  }
  .xw-part > .xw-link {
    display: inline-block;
    margin-top: 4px;
    font-size: 12px;
    color: var(--xw-muted);
  }
  .xw-test {
    padding: 10px 12px;
    border-left: 3px solid var(--xw-wrong);
    border-radius: 0 6px 6px 0;
    background: color-mix(in srgb, var(--xw-wrong) 10%, var(--xw-bg));
    font-size: 12px;
  }
  .xw-test .xw-wide {
    background: var(--xw-bg);
  }
  .xw-tried {
    margin-top: 8px;
  }

  /* Confusion. */
  .xw-confusion,
  .xw-similarity {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    padding-right: 14px;
    overflow: hidden auto;
    overscroll-behavior: contain;
  }
  .xw-matrixbox {
    flex: none;
    margin: 8px 0 16px;
    overflow: auto hidden;
  }
  .xw-matrix {
    --xw-cell: clamp(20px, calc((100cqw - 740px) / var(--xw-n)), 62px);
    border-collapse: separate;
    border-spacing: 2px;
    font-size: 11px;
    & td,
    & th {
      padding: 0;
      border: 0;
      background: none;
      font-weight: 400;
    }
    & tr,
    & tr:hover {
      background: none;
    }
  }
  .xw-cell {
    display: block;
    width: var(--xw-cell);
    height: max(18px, calc(var(--xw-cell) * 0.72));
    border-radius: 3px;
    background: color-mix(in srgb, var(--xw-wrong) var(--xw-weight), var(--xw-soft));
    font-size: 10px;
    text-align: center;
    &[data-xw-right] {
      background: color-mix(in srgb, var(--xw-brand) var(--xw-weight), var(--xw-soft));
    }
    &[data-xw-strong] {
      color: var(--xw-bg);
    }
    &:hover:enabled {
      outline: 2px solid var(--xw-fg);
    }
  }
  .xw-turned {
    width: var(--xw-cell);
    max-height: 96px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    writing-mode: vertical-rl;
    rotate: 180deg;
  }
  .xw-side {
    max-width: 132px;
    padding-right: 6px;
    overflow: hidden;
    text-align: right;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-matrix th[scope="row"] {
    text-align: right;
  }

  /* Similarity. */
  .xw-cloudbox {
    position: relative;
    flex: 1;
    min-height: 260px;
    margin: 10px 0;
    border-radius: 8px;
    background: var(--xw-soft);
    cursor: crosshair;
    touch-action: none;
  }
  .xw-cloud {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
  }
  .xw-hover2 {
    position: absolute;
    padding: 3px 8px;
    border-radius: 6px;
    background: var(--xw-fg);
    color: var(--xw-bg);
    font-size: 12px;
    pointer-events: none;
    white-space: nowrap;
    translate: 12px -50%;
    &[data-xw-late] {
      translate: calc(-100% - 12px) -50%;
    }
  }
  .xw-legend2 {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 14px;
    font-size: 12px;
  }
  .xw-dot {
    display: inline-block;
    width: 9px;
    height: 9px;
    margin-right: 6px;
    border-radius: 50%;
  }
  .xw-similarity .xw-facts {
    padding-bottom: 10px;
  }

  /* Another viewer in the place of the pictures. */
  .xw-inplace {
    position: absolute;
    inset: 0;
    z-index: 3;
    overflow: auto;
    padding: 10px 14px;
    background: var(--xw-bg);
  }
  .xw-place {
    margin-top: 10px;
  }

  &[data-xw-layout="medium"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 420px) / var(--xw-n)), 40px);
  }
  &[data-xw-layout="narrow"] .xw-matrix {
    --xw-cell: clamp(16px, calc((100cqw - 190px) / var(--xw-n)), 40px);
  }
}
`;function It(t,e,r){let{signal:n,root:o,model:a,speak:l}=t,u=new CSSStyleSheet;u.replaceSync(pt);let d=o.getRootNode();return d.adoptedStyleSheets=[...d.adoptedStyleSheets,u],oe(n,()=>{d.adoptedStyleSheets=d.adoptedStyleSheets.filter(i=>i!==u)}),{chosen:Xe(n,e,r),confusion:ot(n,e,r),similarity:dt(n,e,o,{lasso:i=>e.where("rows",i),choose:r.choose,speak:l}),viewer:it(n,a,r)}}export{It as default};
