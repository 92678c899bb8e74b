var V=()=>performance.now(),fe=(e,n)=>e.addEventListener("abort",n);var de=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;function Z(e){return typeof e=="string"?Uint8Array.from(atob(e),n=>n.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function A(e,n={},...o){let[r,...i]=e.split("."),l=document.createElement(r||"div");return r==="button"&&C(l,{type:"button"}),l.className=i.map(w=>`xw-${w}`).join(" "),C(l,n),l.append(...o),l}function C(e,n){for(let[o,r]of Object.entries(n)){let i=o.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function H(e,n){e.textContent!==n&&(e.textContent=n)}function P(e,n,o,r){for(let i of o.split(" "))n.addEventListener(i,r,{signal:e,passive:!1})}var K=e=>e.preventDefault();function Te(e,n="",o="0 0 16 16"){let r=(l,w)=>{let f=document.createElementNS("http://www.w3.org/2000/svg",l);return C(f,w),f},i=r("svg",{class:n,viewBox:o,preserveAspectRatio:"none",$hidden:"true"});return i.append(r("path",{d:e})),i}function pe(e,n,o,r,i,l={}){let w={_control:n,title:o,$label:o,...l},f=A("button.tool",w,Te(r));return P(e,f,"click",i),f}var R=()=>`xw-${Math.random().toString(36).slice(2)}`;function N(e,n=1){let o=10**-n;return e>0&&200*e<o?`<${o} %`:`${(100*e).toFixed(n)} %`}function me(e,n,o){let[r,i]=[A("span.class"),A("span.chance")],l=A("button.bar.risen",{},r,i),[w,f]=[A("b"),A("span.facts")],m=A("p.verdict",{_verdict:!0},w," ",f),s=A(".answers",{},l,m),a=new Float32Array,x,u=0;P(e,l,"click",()=>{n.set("target",u),n.save_changes()});let M=g=>n.get("class_names")?.[g]??`class ${g}`;function y(g,b){let[t,p]=g.children;t.style.backgroundSize=`${100*(x??a)[b]}%`,H(p,N((x??a)[b]));let c=t.querySelector("i");c||(c=A("i.tick"),t.append(c)),c.hidden=!x,c.style.left=`${100*a[b]}%`}return{element:s,begin(g){a=g},say(g){x=g?.length===a.length?g:void 0},show(g,b){if(!a.length)return"";let t=new Set;for(let k of o.querySelectorAll(".xw-bars .xw-bar")){if(!k.dataset.xwClass)continue;let T=Number(k.dataset.xwClass);t.add(T),y(k,T)}u=x?x.indexOf(Math.max(...x)):0;let p=!!x&&!t.has(u);H(r,M(u)),y(l,u),C(l,{title:`Most probable in the painted picture (class ${u}): explain it`}),l.hidden=!p;let c=n.get("target"),h=typeof c=="number"?c:n.get("prediction").top[0].index,v=x?` → ${N(x[h])}`:"";H(w,g?`${M(h)} ${N(a[h])}${v}`:"");let S=`with ${N(g,0)} of the picture painted`;return H(f,g?S:"Paint over what you think matters: the bars answer."),s.hidden=!b&&!g,m.textContent??""}}}function F(e,n,o){return Math.max(n,Math.min(o,e))}function be(e,n,[o,r],[i,l],w){let f=e.length/n,[m,s]=[i-o,l-r],a=Math.max(w,1),x=(t,p,c)=>[F(Math.floor(Math.min(t,p)-a),0,c),F(Math.ceil(Math.max(t,p)+a),0,c)],[u,M]=x(o,i,n),[y,g]=x(r,l,f),b=!1;for(let t=y;t<g;t++)for(let p=u;p<M;p++){let[c,h]=[p+.5-o,t+.5-r],v=F((c*m+h*s)/(m*m+s*s||1),0,1);!(p===Math.floor(i)&&t===Math.floor(l))&&Math.hypot(c-v*m,h-v*s)>w||(e[t*n+p]=1,b=!0)}return b?[u,y,M,g]:null}function Y(e){let n=[],[o,r]=[0,0];for(let i=0;i<=e.length;i++){let l=i-r===65535;i<e.length&&e[i]===o&&!l||(n.push(i-r),l&&e[i]===o?n.push(0):o^=1,r=i)}return Uint16Array.from(n)}function X(e,n){let o=new Uint8Array(n),r=0;return e.forEach((i,l)=>{o.fill(l&1,r,r+i),r+=i}),o}function xe(e){let n=0;for(let o=0;o<e.length;o++)n+=e[o];return n/(e.length||1)}var Ue=99,q=class{past=[];get any(){return this.past.length>0}begin(n){this.past.push(Y(n)),this.past.length>Ue&&this.past.shift()}undo(n){let o=this.past.pop();return o&&n.set(X(o,n.length)),!!o}forget(){this.past.length=0}};async function ee(e){let{width:n,height:o,mime:r,data:i}=e,l=await createImageBitmap(new Blob([Z(i)],{type:r})),f=new OffscreenCanvas(n,o).getContext("2d");return f.drawImage(l,0,0,n,o),new Uint32Array(f.getImageData(0,0,n,o).data.buffer)}var te=4278190080;function ge(e,n){let o,r,i,l,w=0,f=0;return{async load(m,s,[a,x,u]){[i,l]=await Promise.all([ee(m),ee(s)]),{width:f}=m,[r,o]=[new ImageData(f,m.height),new ImageData(f,m.height)],w=(te|u<<16|x<<8|a)>>>0},draw([m,s,a,x],u,M,y){if(e.width!==f||a<=m)return;let[g,b]=[r,o].map(({data:h})=>new Uint32Array(h.buffer)),t=M==="mean"?w:te;for(let h=s;h<x;h++)for(let v=h*f+m;v<h*f+a;v++)g[v]=u[v]?M==="blur"?l[v]:t:i[v],b[v]=u[v]?te:0;if(e.getContext("2d").putImageData(r,0,0,m,s,a-m,x-s),y||n.width!==f)return;let p=new OffscreenCanvas(a-m,x-s);p.getContext("2d").putImageData(o,-m,-s);let c=n.getContext("2d");c.globalCompositeOperation="destination-out",c.drawImage(p,m,s),c.globalCompositeOperation="source-over"}}}function we(e,n,o,r){let i=o.parentElement,l=A(".circle",{hidden:!0});i.append(l);let w=t=>t.getBoundingClientRect(),f=null,m=0,s=null,a=!1;function x({clientX:t,clientY:p}){let{left:c,top:h,width:v,height:S}=w(o),k=w(i),T=r.beside()?k.width/2:0,L=T&&t-k.left>=T?t-T:t,[B,U]=r.extent();return[(L-c)/v*B,(p-h)/S*U]}function u(t=s&&x(s)){let[p]=r.extent();if(l.hidden=!r.active()||!t||!p||a,!t||l.hidden)return;let{left:c,top:h,width:v}=w(o),S=w(i),k=v/p,[T,L]=[c-S.left+t[0]*k,h-S.top+t[1]*k];l.style.cssText=`left:${T}px;top:${L}px;width:${k*r.size()}px`}function M(t){r.paint(f??t,t),f=t}function y(t,p){for(let c of t.split(" "))i.addEventListener(c,p,{signal:e,capture:!0})}let g=()=>r.active()&&!a&&r.extent()[0]>0;y("pointerdown",t=>{s=t,!(!g()||t.button)&&(t.stopImmediatePropagation(),!f&&(i.setPointerCapture(t.pointerId),m=t.pointerId,r.begin(),M(x(t)),u(),r.painted()))}),y("pointermove",t=>{if(f&&t.pointerId!==m)return;s=t;let p=t.getCoalescedEvents?.()??[];if(f)for(let c of p.length?p:[t])M(x(c));u(),f&&r.painted()}),y("pointerup pointercancel lostpointercapture",t=>{!f||t.pointerId!==m||(f=null,t.pointerType==="touch"&&(s=null),u(),r.end())}),y("pointerleave",t=>{t.target===i&&(s=null,u())}),y("dblclick",t=>g()&&t.stopImmediatePropagation()),y("mousedown",t=>{r.active()&&t.button===1&&K(t)}),P(e,i,"wheel",()=>u()),P(e,i,"blur",()=>{a=!1,u()}),P(e,n,"keyup",({key:t})=>{t!==" "||!a||(a=!1,u())});function b(t){let[p,c]=r.extent(),[h,v]=r.spot()??[.5,.5],S=[h*p,v*c];s=null,t&&g()&&(r.begin(),M(S),f=null,r.painted(),r.end()),u(S)}return{follow:u,painting:()=>!!f,focus:()=>i.focus({preventScroll:!0}),press({key:t,target:p,defaultPrevented:c}){if(p!==i||!r.active())return!1;if(t.startsWith("Arrow"))b(!1);else if(c)u();else if(t===" "&&s)a=!0,u();else if(t===" "||t==="Enter")b(!0);else return!1;return!0}}}var he=`.xw-root {
  .xw-strip,
  .xw-answers {
    display: none;
  }
  .xw-verdict {
    padding: 6px 0 4px;
  }
  .xw-verdict b {
    display: block;
    font-weight: 600;
  }
  .xw-answers:not([hidden]) {
    display: block;
  }
  .xw-class {
    position: relative;
  }
  /* Two notches, so that the name can still be read. */
  .xw-tick {
    position: absolute;
    inset: 0 auto;
    width: 2px;
    margin-left: -1px;
    border: solid var(--xw-muted);
    border-width: 6px 0;
  }
  .xw-circle {
    position: absolute;
    aspect-ratio: 1;
    border-radius: 50%;
    outline: 1.5px solid #fff;
    box-shadow:
      inset 0 0 0 1px #000a,
      0 0 0 2.5px #000a;
    pointer-events: none;
    translate: -50% -50%;
  }
  .xw-tools [aria-pressed="true"] {
    background: #fff;
    * {
      color: #1b1d21;
    }
  }

  &[data-xw-brush] {
    .xw-stage {
      flex-wrap: wrap;
      align-content: space-between;
    }
    .xw-strip {
      display: flex;
      flex: 1 0 100%;
      flex-wrap: wrap;
      gap: 4px 8px;
      align-items: center;
      padding: 8px 12px;
      container-type: inline-size;
      border-top: 1px solid var(--xw-line);
      background: var(--xw-bg);
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 100px;
      max-width: 260px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-strip .xw-facts {
      margin: 0 0 0 auto;
    }
    @container (width < 580px) {
      .xw-strip .xw-facts {
        display: none;
      }
    }
    &[data-xw-late] .xw-answers {
      opacity: 0.6;
    }
    .xw-strip :disabled {
      opacity: 0.4;
      cursor: default;
    }
    .xw-pane {
      cursor: none;
      touch-action: none;
    }
    .xw-ring {
      opacity: 0;
    }
    [data-xw-view="side_by_side"] .xw-ring {
      opacity: 1;
    }
    .xw-stage > .xw-pill {
      bottom: calc(10px + var(--xw-strip));
    }
    .xw-stage > .xw-tools {
      opacity: 1;
    }
  }
}
`;function ye(e,n,o,r,i){let l=R(),w=r.map(([s,,a])=>A("input",{type:"radio",name:l,value:s,$label:a})),f=r.map(([,s,a],x)=>A("label.segment",{title:a},w[x],s)),m=A(".segments",{role:"radiogroup",$label:n,_control:o},...f);return P(e,m,"change",({target:s})=>i(s.value)),P(e,m,"dblclick",()=>i(r[0][0])),[m,s=>{for(let a of w)a.checked=a.value===s}]}var Ce=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]];function ve(e,n){let[o,r]=ye(e,"Paint with","fill",Ce,n.fill),i=A("input.range",{type:"range",min:1,$label:"Brush size",title:"Brush size ([ and ])",_control:"brush-size"}),l=A("span.number"),w=pe(e,"undo","Undo (Ctrl+Z)","M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6",n.undo),f=A("button.link",{_control:"clear",title:"Clear the paint"},"Clear");P(e,f,"click",n.clear);let m=A(".strip",{role:"group",$label:"Brush"},o,A(".sizes",{},i,l),w,f,A("span.facts",{},"[ ] size · Ctrl+Z undo · Esc done")),s=0,a=1;function x(u){s=F(Math.round(u),1,a),C(i,{max:a,$valuetext:`${s} pixels`}),i.value=String(s),i.style.setProperty("--xw-share",`${100*(s-1)/(a-1||1)}%`),H(l,`${s} px`),n.resized()}return P(e,i,"input",()=>x(Number(i.value))),P(e,i,"dblclick",()=>x(a/4)),{element:m,get size(){return s},larger:()=>x(Math.max(s+1,s*1.25)),smaller:()=>x(Math.min(s-1,s/1.25)),fit(u,M){let y=a;a=Math.max(2,u>>1),x(y===a?s:a/4);for(let g of o.querySelectorAll("input"))g.disabled=!M.includes(g.value)},show(u,M,y){r(u),w.disabled=!M,f.disabled=!y}}}var Ae=200,Be=1e4,Ee=e=>Z(e??"").slice().buffer,W=e=>new Float32Array(Ee(e)),Me=e=>new Uint16Array(Ee(e));function He(e,n,o,r,i,l,w,f){let m=d=>n.querySelector(d),s=m('[data-xw-canvas="picture"]'),a=m('[data-xw-control="brush"]'),x=R(),u=new q,M=ge(s,m('[data-xw-canvas="heat"]')),[y,g]=[0,0],b=new Uint8Array(0),t="blur",p=!1,c=0,h=0,v=0,S=0,k="",T=!0,L=me(o,e,n),B=we(o,n,s,{active:()=>p,extent:()=>[y,g],size:()=>U.size,beside:()=>re(),spot:i,begin:()=>u.begin(b),paint(d,E){let $=be(b,y,d,E,U.size/2);$&&G($)},painted:se,end:O}),U=ve(o,{fill(d){t=d,j()},undo:ie,clear(){u.begin(b),b.fill(0),j(),B.focus()},resized:()=>B.follow()});n.append(A("style",{},he)),m(".xw-stage").append(U.element),m(".xw-bars").after(L.element);let ne=new ResizeObserver(()=>n.style.setProperty("--xw-strip",`${U.element.offsetHeight}px`));ne.observe(U.element);let re=()=>e.get("view")==="side_by_side",G=d=>M.draw(d,b,t,re());function O(){let d=b.includes(1);U.show(t,u.any,d);let E=L.show(xe(b),p),$=v>0&&V()-S>Ae;C(n,{_brush:p,_stroke:c,_painted:h,_late:$}),C(a,{$pressed:String(p)}),!(!d||h!==c||B.painting()||E===k)&&(k=E,H(m(".xw-live"),E))}function oe(){r(),G([0,0,y,g])}function j(){oe(),se()}function ie(){u.undo(b)&&(j(),u.any||B.focus())}function se(){c+=1,b.includes(1)?ae():(L.say(),h=c,le()),O()}function ae(){h===c||v&&V()-S<Be||(v=c,S=V(),setTimeout(O,Ae+20),le())}function le(){let d={kind:"paint",by:x,seq:c,fill:t,full:de};e.send(d,void 0,[Y(b)])}function Q(d,[E,...$]=[]){if(d.kind==="brush"&&Pe(d,$),d.kind!=="painted"||!y)return;d.by===x?h=Math.max(h,d.seq):ue(d.fill,Me($[0])),v=0,b.includes(1)&&!d.failed&&L.say(W(E)),ae(),O()}function ue(d,E){d&&(u.begin(b),t=d,b.set(X(E,b.length)),b.includes(1)||L.say(),c+=1,h=c,oe())}async function Pe(d,[E,$,I,Se]){let J=e.get("picture"),{width:_,height:D}=J,{mime:ke,mean:Le}=d;await M.load(J,{width:_,height:D,mime:ke,data:E},Le),!(J!==e.get("picture")||o.aborted)&&([y,g]=[_,D],b.length!==_*D&&(b=new Uint8Array(_*D)),L.begin(W($)),U.fit(Math.min(_,D),d.fills),d.fills.includes(t)||(t=d.fills[0]),ue(d.fill,Me(I)),u.forget(),b.includes(1)&&L.say(W(Se)),T&&b.includes(1)&&e.send({kind:"brush",known:!0}),T&&f&&z(),T=!1,O())}function ce(){[y,v,b]=[0,0,new Uint8Array(0)],L.begin(W(void 0)),h=c,u.forget(),L.say(),e.send({kind:"brush",known:!0}),O()}function z(){p=!p,O(),B.follow(),p&&B.focus()}return P(o,a,"click",z),P(o,n,"keydown",d=>{let{key:E,target:$}=d;if($.matches("input:not([type])"))return;let I=d.ctrlKey||d.metaKey;if(I&&E==="z")ie();else if(!I&&E==="b"&&!d.defaultPrevented)z();else{if(I||d.altKey||!p)return;if(E==="[")U.smaller();else if(E==="]")U.larger();else if(E==="Escape"&&!d.defaultPrevented)z(),d.stopPropagation();else if(!B.press(d))return}K(d)}),e.on("msg:custom",Q),e.on("change:picture",ce),fe(o,()=>{ne.disconnect(),e.off("msg:custom",Q),e.off("change:picture",ce)}),Q(l,w),()=>{b.includes(1)&&G([0,0,y,g]),O()}}export{He as default};
