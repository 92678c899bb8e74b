var re=(t,e)=>t.addEventListener("abort",e);function Ce(t){if(!Number.isFinite(t))return"–";let e=Math.abs(t),r=e>=1e4||e>0&&e<.001?t.toExponential(1).replace("e+","e"):String(+t.toPrecision(3));return(t>0?"+":"")+r.replaceAll("-","−")}function pe(t,e=1){let r=10**-e;return t>0&&200*t<r?`<${r} %`:`${(100*t).toFixed(e)} %`}var _e=t=>t!=="rest"&&t!=="stopped";function he(t){return typeof t=="string"?Uint8Array.from(atob(t),e=>e.charCodeAt(0)):new Uint8Array(t.buffer,t.byteOffset,t.byteLength)}function $e(t,e,r,n){let o=e?t:0;return Float32Array.from({length:o+t+1},(a,i)=>{let f=(i-o)/t;return Math.sign(f)*Math.abs(f)**n*r})}var ke=2047;function Ue(t,e,r){let{signed:n,gamma:o}=t,[a,i]=t.shape,f=t.peak||0,c=he(t.data),l=$e(n?127:255,n,f,o),u=Te(c,l),p={width:e,height:r,signed:n,nativeValues:l,nativeCounts:u};if(i===e&&a===r)return{...p,index:c,values:l,counts:u};let y=Float32Array.from(c,d=>l[d]),w=$e(ke,n,f,2),v=n?ke:0,M=ft(y,a,i,r,e),h=new Uint16Array(M.length);for(let d=0;d<M.length;d++){let b=M[d]/(f||1);h[d]=v+Math.round(Math.sign(b)*Math.sqrt(Math.abs(b))*ke)}return{...p,index:h,values:w,counts:Te(h,w)}}function Te(t,e){let r=new Uint32Array(e.length);for(let n=0;n<t.length;n++)r[t[n]]++;return r}function ft(t,e,r,n,o){return Pe(Pe(t,e,r,o,1),o,e,n,o)}function Pe(t,e,r,n,o){let a=new Float32Array(e*n),i=o===1;for(let f=0;f<n;f++){let c=Math.max(0,(f+.5)*r/n-.5),l=Math.min(Math.floor(c),r-1),u=Math.min(l+1,r-1),p=c-l;for(let y=0;y<e;y++){let w=i?y*r:y,v=t[w+l*o],M=t[w+u*o];a[i?y*n+f:f*o+y]=(1-p)*v+p*M}}return a}function s(t,...e){let[r,...n]=t.split("."),o=document.createElement(r||"div");r==="button"&&R(o,{type:"button"}),o.className=n.map(a=>`xw-${a}`).join(" ");for(let a of e)typeof a=="string"||a instanceof Node?o.append(a):R(o,a);return o}function R(t,e){for(let[r,n]of Object.entries(e)){let o=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?t.removeAttribute(o):t.setAttribute(o,n===!0?"":`${n}`)}}function W(t,e){t.textContent!==e&&(t.textContent=e)}function ee(t,e){t.hidden=!e,W(t,e)}function $(t,e,r,n){for(let o of r.split(" "))e.addEventListener(o,n,{signal:t,passive:!1})}var te=t=>t.preventDefault(),Oe=({ctrlKey:t,metaKey:e,altKey:r})=>t||e||r;function Qe(t,e,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",t);return R(n,e),n.append(...r),n}function Re(t,e="",r="0 0 16 16"){return Qe("svg",{class:e,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},Qe("path",{d:t}))}function mt(t){let e=new AbortController;return re(t,()=>e.abort()),()=>(e.abort(),e=new AbortController,e.signal)}function le(t,e,r){let n=[...e.children],o=mt(t),a,i=[];return(f,c=f)=>{if(c===a)return i;a=c;let l=o(),u=f.map((p,y)=>r(p,y,l));return i=u.map(([,p])=>p),e.replaceChildren(...n,...u.flatMap(([p])=>p)),i}}function Be(t,e,r){t.width=e,t.height=1;let n=new ImageData(e,1);for(let o=0;o<e;o++)n.data.set(r(o),4*o);t.getContext("2d")?.putImageData(n,0,0)}var ge=()=>`xw-${Math.random().toString(36).slice(2)}`;function ce(t,e,r,n,o){let a=ge(),i=n.map(([u,,p])=>s("input",{type:"radio",name:a,value:u,$label:p})),f=n.map(([,u],p)=>s("label.segment",{_text:u},i[p],u)),c=s(".segments",{role:"radiogroup",$label:e,_control:r});return c.append(...f),$(t,c,"change",({target:u})=>o(u.value)),$(t,c,"dblclick",()=>o(n[0][0])),[c,(u,p=null)=>{for(let[y,[w,,v]]of n.entries())R(f[y],{title:p??v}),R(i[y],{disabled:!!p}),i[y].checked=w===u}]}var we=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var De=we.map(([t,e,r])=>({name:t,title:e,diverging:!!r})),Ve=new Map;function Fe(t){let e=Ve.get(t);if(e)return e;let[,,r,n,o]=we.find(([i])=>i===t)??we[0],a=bt(n,o,r);return Ve.set(t,a),a}function bt(t,e,r){let n=new Uint8Array(768),o=Array.from({length:768},(a,i)=>{let f=t.charCodeAt(12+(i>>2))||75;return Math.floor((f-35)/3**(i&3))%3-1});for(let a=0;a<e.length;a+=2)o[e[a]]+=e[a+1];for(let a=0;a<3;a++){let i=+`0x${t.slice(4*a,4*a+2)}`,f=+`0x${t.slice(4*a+2,4*a+4)}`-128;for(let c=r;c<256;c++)n[3*c+a]=i,i+=f,f+=o[256*a+c-r]}return r&&n.copyWithin(0,3,6),n}function He(t,e){let r=t==="auto"?e?"coolwarm":"inferno":t;return De.find(n=>n.name===r)??De[0]}function fe(t,e,r){return Math.max(e,Math.min(r,t))}function Je(t,e){return e==="positive"?Math.max(t,0):e==="negative"?Math.min(t,0):t}function je(t,e,r){let{nativeValues:n,nativeCounts:o}=t,a=Array.from(n,(p,y)=>[Math.abs(Je(p,r)),o[y]]).sort(([p],[y])=>p-y),i=o.reduce((p,y)=>p+y),f=p=>{let y=p;for(let[w,v]of a)if(y-=v,y<0)return w;return 0},c=(i-1)*e/100,l=Math.floor(c),u=f(l);return u+(c-l)*(f(Math.min(l+1,i-1))-u)||f(i-1)}function ht(t,e,r){return e<=0?0:fe(Je(t,r)/e,-1,1)}function gt(t,e){let r=Math.abs(t);return e?128+Math.sign(t)*Math.floor(127*r+.5):Math.floor(255*r+.5)}function wt(t){return t*t*(3-2*t)}function qe(t,e){let{most:r,threshold:n,sign:o,lut:a,diverging:i,opaque:f}=e,c=new Uint8ClampedArray(4*t.length);for(let l=0;l<t.length;l++){let u=ht(t[l],r,o);Math.abs(u)<n&&(u=0);let p=3*gt(u,i);c[4*l]=a[p],c[4*l+1]=a[p+1],c[4*l+2]=a[p+2],c[4*l+3]=f?255:Math.floor(255*wt(Math.abs(u))+.5)}return new Uint32Array(c.buffer)}function ze(t,e,r){for(let n=0;n<t.length;n++)t[n]=r[e[n]]}var xe;function Me(t,e,r,n){let{width:o,height:a}=t,i=t.getContext("2d");if(!i)return;let f=Math.min(o/e.width,a/e.height),[c,l]=[Math.round(e.width*f),Math.round(e.height*f)],[u,p]=[o-c>>1,a-l>>1];if(i.globalAlpha=1,i.globalCompositeOperation="source-over",i.clearRect(0,0,o,a),i.imageSmoothingEnabled=Math.max(e.width,e.height)>=64,i.drawImage(e,u,p,c,l),!r?.peak||!c||!l)return;xe??=new OffscreenCanvas(1,1),Object.assign(xe,{width:c,height:l});let y=new ImageData(c,l),w=Ue(r,c,l),{clip:v,sign:M,threshold:h,opacity:d,blend:b}=n,{name:K,diverging:C}=He(n.colormap,r.signed),x={most:je(w,v,M),threshold:h,sign:M,lut:Fe(K),diverging:C,opaque:!1};ze(new Uint32Array(y.data.buffer),w.index,qe(w.values,x)),xe.getContext("2d").putImageData(y,0,0),i.globalAlpha=d,i.globalCompositeOperation=b==="normal"?"source-over":b,i.drawImage(xe,u,p),i.globalAlpha=1,i.globalCompositeOperation="source-over"}var We=[["heatmap","Open in the heatmap viewer"],["faithfulness","Does the map tell the truth?"],["comparison","Compare gradients"]],xt=288;function Ze(t,e,r){let n=s("canvas.photo",{role:"img"}),o=s(".placebox",{hidden:!0}),a=s(".photobox",n,o),[i,f]=[s("p.facts.key"),s("p.facts")],c=s(".bars"),l=s(".near"),u=s("section.part",s("h3","Looks most like"),l),p=s(".verdicts"),y=s("button.link",{_control:"undo"},"Undo"),w=s("span"),v=s("section.part",s("h3.split","What is it?",w),p,y),M=We.map(([m,N])=>s("button.wide",{_control:`open-${m}`},N)),h=s("button.wide",{_control:"cover"}),d=s("p.tried"),b=s("section.part.test",s("p",s("b","Test it. "),"Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places."),h,d),K=s("section.part",...M),C=s("p.nothing","Choose a picture: click one, or walk with the arrow keys."),E="prediction",x,L=-1,B,oe=[1,1],[X,Y]=ce(t,"Map for","map-of",[["prediction","answer"],["label","label"]],m=>{E=m,D()}),ne=s(".chosen",a,X,i,f,c,u,v,b,K),ie=s(".one",C,ne);$(t,y,"click",e.undo),M.forEach((m,N)=>{$(t,m,"click",()=>r.open(We[N][0]))}),$(t,h,"click",()=>{x&&e.cover([...e.rows],x)});let Z,g=({clientX:m,clientY:N})=>{let{left:O,top:A,width:S,height:H}=n.getBoundingClientRect(),J=G=>Math.max(0,Math.min(1,G));return[J((m-O)/S),J((N-A)/H)]};$(t,n,"pointerdown",m=>{e.frozen||!e.head?.able||(Z=g(m),n.setPointerCapture(m.pointerId),te(m))}),$(t,n,"pointermove",m=>{if(!Z)return;let N=g(m),[O,A]=[Math.min(Z[0],N[0]),Math.min(Z[1],N[1])];x=[O,A,Math.abs(N[0]-Z[0]),Math.abs(N[1]-Z[1])],I()}),$(t,n,"pointerup pointercancel",()=>{Z=void 0,x&&x[2]*x[3]<2e-4&&(x=void 0),I()});function I(){let m=x??e.set(e.looks.slice)?.box??void 0;if(o.hidden=!m,m){let[O,A,S,H]=m.map(J=>`${100*J}%`);o.style.cssText=`left:${O};top:${A};width:${S};height:${H}`}x??=m?[...m]:void 0;let N=e.rows.length;W(h,x?`Cover it in these ${N.toLocaleString("en")} pictures`:"Draw a box on the picture"),h.disabled=!x||!!e.experiment?.busy||!N}let k=le(t,p,(m,N,O)=>{let A=s("button.verdict",{$pressed:"false"},s("span.keycap",String(N+1)),m);return $(O,A,"click",()=>r.decide(m)),[A,()=>R(A,{$pressed:String(e.table?.word("verdict",L)===m)})]}),T=le(t,c,([m,N,O])=>{let A=s("span.class",m,O&&s("span.note",` ${O}`));return A.style.backgroundSize=`${100*N}% 100%`,[s(".bar",{_kind:O},A,s("span.chance",pe(N))),()=>{}]}),P=le(t,l,(m,N,O)=>{let A=s("canvas",{$hidden:"true"}),S=s("button.mini",A);$(O,S,"click",()=>r.choose(m));let H=!1;return[S,()=>{let{table:J}=e,G=J?.word("prediction",m)??"",j=J?.word("label",m)??"",se=j&&j!==G?`${G}, labelled ${j}`:G;R(S,{title:se,$label:se,_wrong:!!(j&&j!==G)});let me=e.pictures.bitmap(m);!me||H||(H=!0,Object.assign(A,{width:112,height:112}),Me(A,me,void 0,e.looks))}]});async function Q(m,N){try{let O=await createImageBitmap(new Blob([he(N.data)],{type:N.mime}));B?.bitmap.close(),B={row:m,picture:N,bitmap:O},m===L&&_()}catch(O){console.warn(O)}}function _(){let m=B?.row===L?B.bitmap:e.pictures.bitmap(L);if(!m)return;let N=Math.min(devicePixelRatio||1,2),O=xt*N/Math.max(m.width,m.height),A=[Math.round(m.width*O),Math.round(m.height*O)];(n.width!==A[0]||n.height!==A[1])&&Object.assign(n,{width:A[0],height:A[1]}),oe=A,a.style.setProperty("--xw-aspect",String(oe[0]/oe[1])),Me(n,m,e.looks.maps?U():void 0,e.looks),R(n,{_sharp:B?.row===L,_row:L})}function U(){if(E==="prediction"||F())return e.pictures.sprite(L)?.map;let m=e.labelMap(L);return typeof m=="string"?void 0:m}let F=()=>{let{table:m}=e,N=m?.word("label",L);return!N||N===m?.word("prediction",L)};function D(){let{table:m,frozen:N,head:O,looks:A}=e,S=A.row??-1,H=!!(m&&S>=0&&S<m.count);if(C.hidden=H,ne.hidden=!H,!m||!H)return;S!==L&&(L=S,x=void 0,e.lookAt(S));let J=e.detail(S);J?.picture&&B?.picture!==J.picture&&Q(S,J.picture);let[G,j]=[m.word("prediction",S),m.word("label",S)],se=m.number("probability",S);X.hidden=F()||N&&e.labelMap(S)===void 0,E==="label"&&!X.hidden&&e.askLabelMap(S),Y(E),_(),I(),W(i,[m.word("key",S),`row ${S.toLocaleString("en")}`,...V(S)].filter(Boolean).join(" · "));let me=E==="label"&&typeof e.labelMap(S)=="string"?String(e.labelMap(S)):"";ee(f,[J?.words,me].filter(Boolean).join(" "));let ae=!!m.correct[S],de=(J?.top??[]).map(({name:z,probability:Le,index:pt})=>[z,Le,ut(z,pt)]),ve=Math.exp(-m.number("loss",S)),Ke=[];G&&!Number.isNaN(se)&&Ke.push([G,se,ae?"right":j?"wrong":""]),j&&!ae&&!Number.isNaN(ve)&&Ke.push([j,ve,"label"]),de.length&&j&&!ae&&!de.some(([z])=>z===j)&&de.push([j,ve,"label"]);function ut(z,Le){return z===j?ae?"right":"label":z===G&&j&&!ae?"wrong":""}let Ie=de.length?de:Ke;for(let z of T(Ie,JSON.stringify(Ie)))z();let be=e.nearest(S);u.hidden=!be.length,e.wantAlso(be);for(let z of P(be,be.join()))z();let Ne=r.subjects();W(w,Ne.length>1?`${Ne.length.toLocaleString("en")} chosen`:""),v.hidden=N&&!m.word("verdict",S),y.hidden=N;for(let z of k(e.verdict_words))z();for(let z of p.querySelectorAll("button"))z.disabled=N;b.hidden=K.hidden=N||!O?.able;let{experiment:Ae}=e;R(d,{_survives:Ae?.survives}),ee(d,Ae?.busy?"Covering …":Ae?.words??"");let dt=_e(e.state())&&["gone","silent"].includes(e.state());for(let z of M)z.disabled=dt;R(n,{$label:`${m.word("key",S)}: ${G} ${Number.isNaN(se)?"":pe(se)}${j&&!ae?`, labelled ${j}`:""}`})}function V(m){let{table:N,head:O}=e,A=(O?.metadata??[]).slice(0,6).map(H=>{let J=N.word(H,m);return J&&`${H} ${J}`}),S=N.number("loss",m);return[...A,Number.isNaN(S)?"":`loss ${Ce(S).replace("+","")}`]}return{part:[ie,D],paint:()=>{_();for(let m of P(e.nearest(L),e.nearest(L).join()))m()}}}var ue=65535;function Ge(t,e){let[r,n]=[t.codes("label"),t.codes("prediction")],o=new Map,a=t.classes.length;for(let i=0;i<t.count;i++){if(e&&!e[i]||r[i]===ue||n[i]===ue)continue;let f=r[i]*a+n[i];o.set(f,(o.get(f)??0)+1)}return o}function Ye(t,e){let r=new Map;for(let[n,o]of t){let a=Math.floor(n/e);r.set(a,(r.get(a)??0)+o)}return[...t].map(([n,o])=>{let a=Math.floor(n/e);return{label:a,prediction:n%e,count:o,share:o/r.get(a)}}).filter(({label:n,prediction:o})=>n!==o).sort((n,o)=>o.count-n.count||o.share-n.share||n.label-o.label)}function Xe(t,e,r,n){let o=[],a=n.length/2;for(let i=0;i<t.length;i++){if(!r[i]||Number.isNaN(t[i]))continue;let[f,c]=[t[i],e[i]],l=!1;for(let u=0,p=a-1;u<a;p=u++){let[y,w]=[n[2*u],n[2*u+1]],[v,M]=[n[2*p],n[2*p+1]];w>c!=M>c&&f<(v-y)*(c-w)/(M-w)+y&&(l=!l)}l&&o.push(i)}return o}var ye=25,Ee=40;function et(t,e,r){let n=e.length,o=Math.min(r,n),a=[],i=0;for(let l=0;l<o;l++){let u=Math.floor(n/o)+ +(l<n%o);a.push(e.slice(i,i+u)),i+=u}let f=new Map(a.flatMap((l,u)=>l.map(p=>[p,u]))),c=a.map(()=>new Array(o).fill(0));for(let[l,u]of t)c[f.get(Math.floor(l/n))][f.get(l%n)]+=u;return{counts:c,bundles:a}}function tt(t,e,r){let n=s("table.matrix",{_control:"confusion"}),o=s(".pairs"),[a,i]=[s("p.facts"),s("p.facts")],f=s(".matrixbox",n),c=s(".confusion",a,f,s("h3","Taken for another"),o,i),l="",u=le(t,o,({label:w,prediction:v,count:M,share:h},d,b)=>{let{classes:K}=e.table,C=s("button.set.pair",s("span.title",`${K[w]} → ${K[v]}`)),E=s("canvas.sharebar",{$hidden:"true"});return Be(E,1,()=>[0,0,0,0]),C.append(s("span.figure",M.toLocaleString("en")),s("span.note",`${pe(h,0)} of them`)),$(b,C,"click",()=>r.show({label:[w],prediction:[v]},"")),[C,()=>{}]});function p(){let{table:w}=e;if(!w)return;let v=w.classes.length,M=v>ye;M&&w.done+w.failed===w.count&&e.read("order");let h=`${w.version} ${e.order?.length}`;if(h===l)return;l=h;let d=Ge(w),b=Ye(d,v),K=b.reduce((L,{count:B})=>L+B,0),C=e.order?[...e.order]:w.classes.map((L,B)=>B),E=`${K.toLocaleString("en")} of ${e.total.labelled.toLocaleString("en")} pictures are taken for another class.`;W(a,M?`${E} ${v.toLocaleString("en")} classes in ${Math.min(ye,v)} bundles, those that are confused beside each other; a cell shows its pictures.`:`${E} Labels down, answers across; a cell, a row or a column shows its pictures.`),M?y(et(d,C,ye),w.classes,!0):y(et(d,w.classes.map((L,B)=>B),ye),w.classes,!1),u(b.slice(0,Ee));let x=b.slice(Ee).reduce((L,{count:B})=>L+B,0);W(i,x?`and ${x.toLocaleString("en")} in ${(b.length-Ee).toLocaleString("en")} other confusions`:"")}function y({counts:w,bundles:v},M,h){let d=w.map(x=>x.reduce((L,B)=>L+B,0)),b=x=>x.length>1?`${M[x[0]]} and ${x.length-1} more`:M[x[0]],K=(x,L)=>($(t,x,"click",()=>r.show(L,"")),x),C=v.map(x=>s("th",{scope:"col"},K(s("button.turned",{title:`answers: ${b(x)}`},h?"":b(x)),{prediction:x}))),E=w.map((x,L)=>{let B=v[L],oe=K(s("button.side",{title:`labels: ${b(B)}`},b(B)),{label:B}),X=x.map((Y,ne)=>{let ie=d[L]?Y/d[L]:0,Z=L===ne,g=`${b(B)}, answered ${b(v[ne])}: ${Y}`,I=s("button.cell",{title:g,$label:g,disabled:!Y},h||!Y?"":String(Y));I.style.setProperty("--xw-weight",`${Math.round(100*Math.sqrt(ie))}%`),R(I,{_right:Z,_strong:ie>.45});let k={label:B,prediction:v[ne]};return s("td",K(I,h&&Z?{...k,correct:!1}:k))});return s("tr",s("th",{scope:"row"},oe),...X)});n.replaceChildren(s("tr",s("td"),...C),...E),R(n,{_many:h}),n.style.setProperty("--xw-n",String(v.length))}return[c,p]}function nt(t,e,r){let n=s("button.link.back",{_control:"back"},"← Back to the pictures"),o=s("span.facts"),[a,i]=ce(t,"Viewer","viewer",[["heatmap","Heatmap"],["faithfulness","Faithfulness"],["comparison","Gradients"]],v=>r.open(v)),f=s("p.nothing",{hidden:!0}),c=s(".place"),l=s(".inplace",{hidden:!0},s(".tools2",n,o,s("span.spring"),a),f,c),u;$(t,n,"click",w),t.addEventListener("abort",()=>u?.());function p(v,M){l.hidden=!1,i(v),W(o,M),ee(f,"Opening …"),u?.(),u=void 0,c.replaceChildren(),n.focus({preventScroll:!0})}async function y(v){if(!l.hidden){if(v.words)return ee(f,v.words);try{let M=await e.widget_manager.get_model(v.model),h=new Blob([String(M.get("_esm"))],{type:"text/javascript"}),d=URL.createObjectURL(h),b=(await import(d)).default;URL.revokeObjectURL(d);let K=s("");c.replaceChildren(K);let C=K.attachShadow({mode:"open"}),E=document.createElement("style");E.textContent=String(M.get("_css"));let x=document.createElement("div");C.append(E,x);let L=new AbortController;b.render({model:M,el:x,signal:L.signal}),u=()=>L.abort(),ee(f,"")}catch(M){ee(f,`This host cannot show a viewer in place (${M}). In a cell: xw.HeatmapViewer(study.engine, ...)`)}}}function w(){l.hidden||(u?.(),u=void 0,c.replaceChildren(),l.hidden=!0,r.closed())}return{element:l,wait:p,take:y,close:w,isOpen:()=>!l.hidden}}var rt=380;function ot(t,e,r,n,o){let a=ge(),i=s(".popup",{role:"listbox",id:a,$label:n,hidden:!0}),f=[],c=[],l=-1;e.append(i),re(t,()=>i.remove()),R(r,{role:"combobox",$haspopup:"listbox",$expanded:"false",$controls:a}),$(t,i,"pointerdown mousedown",te),$(t,r,"blur",u);function u(){i.hidden||(i.hidden=!0,R(r,{$expanded:"false",$activedescendant:null}))}function p(h){!h||h.reason||(u(),o(h.value))}function y(h){f[l]?.removeAttribute("data-xw-active"),l=h;let d=f[h];if(R(r,{$activedescendant:d?.id}),!d)return;R(d,{_active:!0});let{offsetTop:b,offsetHeight:K}=d;i.scrollTop=fe(i.scrollTop,b+K-i.clientHeight+4,Math.max(0,b-28))}function w(h,d){for(let b=h;c[b];b+=d)if(!c[b]?.reason){y(b);break}}function v(h,d,b){let{value:K,reason:C,note:E,swatch:x}=h,L=s("label.option",{id:`${a}-${d}`,role:"option",$selected:String(K===b),$disabled:C?"true":null,_value:K});return x&&L.append(x()),L.append(s("span.label",h.label),s("span.note",C??E??"")),$(t,L,"click",()=>p(h)),L}function M(){let h=i.offsetParent.getBoundingClientRect(),d=r.getBoundingClientRect(),b=h.bottom-d.bottom-12,K=d.top-h.top-12,C=b<Math.min(i.scrollHeight+2,rt)&&K>b,E=h.width-16,x=Math.min(d.left-h.left-1,E+8-i.offsetWidth);i.style.cssText=`min-width:${Math.min(d.width,E)}px;left:${Math.max(8,x)}px;max-height:${fe(C?K:b,120,rt)}px;${C?`bottom:${h.bottom-d.top+3}`:`top:${d.bottom-h.top+3}`}px`}return{isOpen:()=>!i.hidden,close:u,walk:w,open(h,d){c=h,l=-1,f=c.map((E,x)=>v(E,x,d)),i.replaceChildren();let b,K=i;c.forEach((E,x)=>{E.group&&E.group!==b&&(b=E.group,K=s("",{role:"group",$label:b},s(".group",b)),i.append(K)),K.append(f[x])}),i.hidden=!1,R(r,{$expanded:"true"}),M();let C=c.findIndex(({value:E})=>E===d);C<0?w(0,1):y(C)},find(h){let d=c.length,b=Math.max(0,h.length>1?l:l+1);for(let K=0;K<d;K++){let{label:C,reason:E}=c[(b+K)%d];if(!(E||!C.toLowerCase().startsWith(h))){y((b+K)%d);break}}},key(h){let{key:d}=h;if(d==="ArrowDown")w(l+1,1);else if(d==="ArrowUp")w(l-1,-1);else if(d==="Enter")p(c[l]);else if(d==="Escape")u(),h.stopPropagation();else return!1;return te(h),!0}}}var yt=700;function it(t,e,r,n,o,a,i){let[f,c]=[s("span.label"),s("span.note")],l=Re("M4 6.5l4 4 4-4"),u=s(`button.field.picker.${o}`,{_control:n},f,c,l),p=ot(t,e,u,r,a),y=[],w="",v="",M=0,h=()=>{u.focus(),p.open(y,w)};return $(t,u,"click",()=>p.isOpen()?p.close():h()),i&&$(t,u,"dblclick",i),$(t,u,"keydown",d=>{let{key:b,timeStamp:K}=d,C=/^[^ ?]$/.test(b)&&!Oe(d);if(p.isOpen()){if(p.key(d))return;if(b==="Home")p.walk(0,1);else if(b==="End")p.walk(y.length-1,-1);else if(!C)return}else if(C||b==="ArrowDown"||b==="ArrowUp")h();else return;te(d),C&&(v=K-M>yt?b:v+b,M=K,p.find(v.toLowerCase()))}),{element:u,show(d,b,K,C="",E=!1){y=d,w=b,W(f,K),W(c,C),R(u,{disabled:E,$label:`${r}: ${K}${C&&`, ${C}`}`})}}}var st=5e3,vt=["correct","label","prediction","loss","probability","slice"],Se=["#4477aa","#ee7733","#228833","#cc3377","#66ccee","#aa7744","#9988dd","#bbaa33","#009988","#777777"];function Kt(t,e){return[at(t),at(e)]}function at(t){let[e,r]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let n of t)n<e&&(e=n),n>r&&(r=n);return t.map(n=>.03+.94*(n-e)/(r-e||1))}function lt(t,e,r,n){let o=s("canvas.cloud",{role:"img",_control:"similarity"}),a=s("canvas.cloud",{$hidden:"true"}),[i,f]=[s("p.facts"),s("p.legend2")],c=s(".hover2",{hidden:!0}),l=s(".cloudbox",{tabindex:0,role:"group",$label:"Similarity"},o,a,c),u="tsne",p="correct",[y,w]=ce(t,"Projection","projection",[["tsne","t-SNE"],["pca","components"]],g=>{u=g,e.read(u),Z()}),v=it(t,r,"Colour by","colour","prefixed.colour",g=>{p=g,Z()}),M=s("button.wide",{_control:"tsne"},"Place all pictures by t-SNE");$(t,M,"click",()=>e.read("tsne",!0));let h=s(".similarity",s(".tools2",v.element,s("span.spring"),y),l,M,f,i),[d,b]=[new Float32Array,new Float32Array],K,C="",E=[],x=!1;function L(){let g=e.table,I=getComputedStyle(r),k=I.getPropertyValue("--xw-point")||"#4477aa",T=I.getPropertyValue("--xw-wrong-ink")||"#d9480f",P=I.getPropertyValue("--xw-faint")||"#bbb";if(p==="correct")return{of:_=>g.correct[_]?k:g.codes("label")[_]===ue?P:T,keys:[["right",k],["wrong",T]]};if(p==="slice"){let _=e.set(e.looks.slice)?.mask,U=e.set(e.looks.slice)?.title??"no slice is shown";return{of:F=>_?.[F]?T:k,keys:[[U,T],["the others",k]]}}let Q=g.columns.get(p);if(Q?.kind==="number"){let[_,U]=[Number.POSITIVE_INFINITY,Number.NEGATIVE_INFINITY];for(let D of Q.data)D<_&&(_=D),D>U&&Number.isFinite(D)&&(U=D);let F=D=>`hsl(${(250-215*D).toFixed(0)} 75% ${(45+8*D).toFixed(0)}%)`;return{of:D=>{let V=(Q.data[D]-_)/(U-_||1);return Number.isNaN(V)?P:F(Math.round(12*Math.min(1,Math.sqrt(V)))/12)},keys:[[`${p} ${+_.toPrecision(2)}`,F(0)],[String(+U.toPrecision(3)),F(1)]]}}if(Q?.kind==="code"){let _=new Map;for(let V of Q.data)V!==ue&&_.set(V,(_.get(V)??0)+1);let U=[..._].sort((V,q)=>q[1]-V[1]).slice(0,Se.length-1).map(([V])=>V),F=new Map(U.map((V,q)=>[V,Se[q]])),D=U.map((V,q)=>[Q.values[V],Se[q]]);return _.size>U.length&&D.push(["others",P]),{of:V=>F.get(Q.data[V])??P,keys:D}}return{of:()=>k,keys:[]}}function B(){let{clientWidth:g,clientHeight:I}=l,{table:k,mask:T,rows:P}=e;if(!k||!g||!K)return;let Q=r.dataset.xwTheme,_=[g,I,u,p,k.version,P.length,e.looks.slice,Q,K.length].join();if(_===C&&oe===P)return;oe=P,C=_;let U=Math.min(devicePixelRatio||1,2);for(let A of[o,a])Object.assign(A,{width:g*U,height:I*U});let F=o.getContext("2d"),{of:D,keys:V}=L(),q=P.length<k.done,m=U*(k.done>2e4?1.2:k.done>3e3?1.8:2.8),N=new Map,O=(A,S,H)=>{let J=N.get(A);J??=new Path2D,N.set(A,J);let[G,j]=[d[S]*o.width,b[S]*o.height];J.moveTo(G+H,j),J.arc(G,j,H,0,7)};for(let A=0;A<d.length;A++)Number.isNaN(d[A])||O(`${T[A]?"1":"0"}${D(A)}`,A,T[A]?m:.8*m);for(let A of["0","1"]){F.globalAlpha=A==="0"?q?.14:.6:k.done>2e4?.6:.85;for(let[S,H]of N)S[0]===A&&(F.fillStyle=S.slice(1),F.fill(H))}F.globalAlpha=1,f.replaceChildren(...V.map(([A,S])=>{let H=s("i.dot");return H.style.background=S,s("span",H,A)})),X()}let oe;function X(){let g=a.getContext("2d");g.clearRect(0,0,a.width,a.height);let I=e.looks.row??-1,k=a.width/(l.clientWidth||1);if(g.lineWidth=2*k,g.strokeStyle=getComputedStyle(r).color,I>=0&&!Number.isNaN(d[I]??Number.NaN)&&(g.beginPath(),g.arc(d[I]*a.width,b[I]*a.height,6*k,0,7),g.stroke()),!(E.length<4)){g.lineWidth=1.2*k,g.setLineDash([4*k,3*k]),g.beginPath();for(let T=0;T<E.length;T+=2)g.lineTo(E[T]*a.width,E[T+1]*a.height);g.closePath(),g.stroke(),g.setLineDash([])}}let Y=({clientX:g,clientY:I})=>{let{left:k,top:T,width:P,height:Q}=l.getBoundingClientRect();return[(g-k)/P,(I-T)/Q]};function ne(g,I){let[k,T]=[l.clientWidth,l.clientHeight],[P,Q]=[-1,12**2],{mask:_}=e;for(let U=0;U<d.length;U++){let F=((d[U]-g)*k)**2+((b[U]-I)*T)**2;F<Q&&_[U]&&([P,Q]=[U,F])}return P}$(t,l,"pointerdown",g=>{g.button||(x=!0,E=Y(g),l.setPointerCapture(g.pointerId))}),$(t,l,"pointermove",g=>{if(x){E.push(...Y(g)),X();return}let I=ne(...Y(g));if(c.hidden=I<0,I<0)return;let{table:k}=e,T=k.word("label",I),P=k.word("prediction",I);W(c,T&&T!==P?`${P}, labelled ${T}`:P),c.style.cssText=`left:${100*d[I]}%;top:${100*b[I]}%`,R(c,{_late:d[I]>.6})}),$(t,l,"pointerleave",()=>{c.hidden=!0}),$(t,l,"pointerup pointercancel",g=>{if(!x)return;x=!1;let I=E;if(E=[],I.length<12){let k=ne(...Y(g));k>=0&&n.choose(k)}else{let k=Xe(d,b,e.mask,I);k.length&&n.lasso(k),n.speak(`${k.length} pictures within the lasso`)}X(),te(g)}),$(t,l,"keydown",g=>{let[I,k]={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[g.key]??[0,0];if(!I&&!k)return;let T=e.looks.row??e.rows[0]??-1,[P,Q]=[-1,Number.POSITIVE_INFINITY];for(let _=0;_<d.length;_++){let[U,F]=[d[_]-d[T],b[_]-b[T]],D=U*I+F*k,V=Math.abs(U*k)+Math.abs(F*I);_===T||!e.mask[_]||D<=0||V>D||D+2*V<Q&&([P,Q]=[_,D+2*V])}P>=0&&n.choose(P),te(g)});let ie=new ResizeObserver(B);ie.observe(l),re(t,()=>ie.disconnect());function Z(){let{table:g,frozen:I,head:k}=e;if(!g||e.looks.view!=="similarity")return;let T=g.done+g.failed===g.count;T&&e.read(g.count<=st?"tsne":"pca");let P=["tsne","pca"].filter(q=>e.points(q));P.length&&!P.includes(u)&&(u=P[0]);let Q=e.points(u);w(u,I?"not in this saved page":null),Q&&Q[0]!==K&&(K=Q[0],[d,b]=Kt(...Q));let _=(k?.metadata??[]).filter(q=>g.columns.get(q)?.kind!=="text"),U=[...vt,..._].map(q=>({value:q,label:q==="correct"?"right or wrong":q}));v.show(U,p,U.find(({value:q})=>q===p)?.label??p);let F=e.busy("tsne")||e.busy("pca");M.hidden=I||!T||g.count<=st||e.known("tsne")||!!e.points("tsne"),M.disabled=e.busy("tsne"),l.hidden=!Q;let D=T?"":"Similarity is worked out when all pictures are explained.";ee(i,F?"Placing the pictures …":e.words(u)||(Q?"Draw around points to keep them. What lies far apart says little.":D)),R(o,{$label:`${e.rows.length.toLocaleString("en")} pictures, alike ones near each other`}),B(),K&&X()}return[h,Z]}var ct=`/* The one that is chosen, confusion, similarity, and another viewer in the place of the pictures. */
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
`;function kt(t,e,r){let{signal:n,root:o,model:a,speak:i}=t,f=new CSSStyleSheet;f.replaceSync(ct);let c=o.getRootNode();return c.adoptedStyleSheets=[...c.adoptedStyleSheets,f],re(n,()=>{c.adoptedStyleSheets=c.adoptedStyleSheets.filter(l=>l!==f)}),{chosen:Ze(n,e,r),confusion:tt(n,e,r),similarity:lt(n,e,o,{lasso:l=>e.where("rows",l),choose:r.choose,speak:i}),viewer:nt(n,a,r)}}export{kt as default};
